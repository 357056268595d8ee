"""@spool_hosts for Bazels that read MODULE.bazel."""

load(":hosts.bzl", "hosts_repository")

def _hosts(_context):
    hosts_repository(name = "spool_hosts")

hosts = module_extension(implementation = _hosts)
