"""The highly available example of deploy/ha on this machine, each host in a network namespace (docs/highly-available.md).

Needs root, `ip` and `nft`. Every process of a host runs in its namespace, with /run and /var/lib of its own; what deploy/ has is
used as it is, but for passwords and the folder of PostgreSQL's programs. `make cluster` hurts it.
"""

from config import ROOT

HA = ROOT / "deploy" / "ha"
PASSWORD = "only-for-the-rehearsal"
