"""Requests to a process on this machine. `httpx.get` reads all certificates of the world for each call, thirty
milliseconds of it; this reads none, and keeps no connection to a process that may be killed."""

import httpx

ONE_BY_ONE = httpx.Limits(max_keepalive_connections=0)
plain = httpx.Client(trust_env=False, verify=False, timeout=30, limits=ONE_BY_ONE)  # http alone
