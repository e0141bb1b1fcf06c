"""From snmp_exporter's `snmp.yml` to profiles: what a generated module reads becomes a profile with the same series.

`document` reads the file, `columns` and `tables` turn a module into a profile, `credentials` says how to go on
with its `auths`, `importing` puts it together and writes the files. docs/snmp-profiles.md describes it to people.
"""
