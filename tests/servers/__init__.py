"""Real servers for tests: each is started on loopback with its own folder and stopped by the test that started it."""
