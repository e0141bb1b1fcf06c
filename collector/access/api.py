"""Routes of access: signing in, tokens, accounts."""

from __future__ import annotations

from collector.access import sign_in, tokens_api, users_api
from collector.access.views import (
    CreatedToken,
    Credentials,
    Me,
    NewToken,
    NewUser,
    TokenView,
    UserChange,
    UserView,
)
from core.access import Permission
from core.http import Page, PageQuery, Route

ROUTES = [
    Route("POST", "/api/v1/login", sign_in.login, Permission.PUBLIC, "Sign in and receive the session cookie",
          body=Credentials, returns=Me, max_body_bytes=8192),
    Route("POST", "/login", sign_in.login_form, Permission.PUBLIC, "Sign in by the console's form",
          status=303, content_type="text/html", consumes="application/x-www-form-urlencoded",
          documents=Credentials),
    Route("POST", "/api/v1/logout", sign_in.logout, Permission.AUTHENTICATED, "End the session", status=204),
    Route("POST", "/logout", sign_in.logout_form, Permission.CONSOLE, "End the session from the console",
          status=303, content_type="text/html"),
    Route("GET", "/api/v1/me", sign_in.show_me, Permission.AUTHENTICATED, "Who the credential belongs to", returns=Me),
    Route("GET", "/api/v1/tokens", tokens_api.list_tokens, Permission.TOKENS_MANAGE, "List tokens, never their secrets",
          query=PageQuery, returns=Page[TokenView]),
    Route("POST", "/api/v1/tokens", tokens_api.create_token, Permission.TOKENS_MANAGE,
          "Create a token; its secret is in this answer only", body=NewToken, returns=CreatedToken, status=201),
    Route("DELETE", r"/api/v1/tokens/{id:\d{1,9}}", tokens_api.revoke_token, Permission.TOKENS_MANAGE,
          "Revoke a token", status=204),
    Route("GET", "/api/v1/users", users_api.list_users, Permission.USERS_MANAGE, "List accounts",
          query=PageQuery, returns=Page[UserView]),
    Route("POST", "/api/v1/users", users_api.create_user, Permission.USERS_MANAGE, "Add a person",
          body=NewUser, returns=UserView, status=201),
    Route("PATCH", r"/api/v1/users/{id:\d{1,9}}", users_api.change_user, Permission.USERS_MANAGE,
          "Change an account's role, state or password", body=UserChange, returns=UserView),
    Route("DELETE", r"/api/v1/users/{id:\d{1,9}}", users_api.delete_user, Permission.USERS_MANAGE,
          "Delete an account", status=204),
]  # fmt: skip
