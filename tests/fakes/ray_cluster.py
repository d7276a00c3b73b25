"""A real Ray cluster of several raylets on this machine, each with a declared GPU, for as long as its input is open.

Prints one JSON line with the address. A line ``kill`` on its input ends the last machine as a power cut would; ``add``
brings another one.
"""

from __future__ import annotations

import json
import os
import sys
from itertools import count
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_AUTH_MODE"] = "disabled"  # whether or not this user has a token

from ray.cluster_utils import Cluster

SETTINGS: dict[str, Any] = {"num_cpus": 1, "num_gpus": 1, "object_store_memory": 80 << 20}


def main() -> None:
    os.chdir("/")
    addresses = (f"127.0.0.{number}" for number in count(2))  # the driver attaches to the first machine
    cluster: Any = Cluster(initialize_head=True, head_node_args={**SETTINGS, "include_dashboard": False})
    others = [cluster.add_node(**SETTINGS, node_ip_address=next(addresses)) for _ in range(int(sys.argv[1]) - 1)]
    cluster.wait_for_nodes()
    print(json.dumps({"address": cluster.address}), flush=True)
    for line in sys.stdin:
        if line.strip() == "kill":
            cluster.remove_node(others.pop(), allow_graceful=False)
        else:
            others.append(cluster.add_node(**SETTINGS, node_ip_address=next(addresses)))
        print(json.dumps({"machines": 1 + len(others)}), flush=True)
    cluster.shutdown()


if __name__ == "__main__":
    main()
