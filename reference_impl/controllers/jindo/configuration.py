"""runtime.json: what the cache's processes are told.

Rule: it names files that hold secrets, never a secret.
"""

import json

from reference_impl.controllers.jindo.plan import SECRETS_DIRECTORY, Plan

FILE_NAME = "runtime.json"
DATA_PORT, CONTROL_PORT = 18000, 18001
STRIPE_BYTES = 1 << 30  # a larger object is spread over the workers in pieces of this size
BLOCK_BYTES = 4 << 20  # what a worker asks the origin for at once
COPIES_DIRECTORY = "/run/fluid/copies"  # in the clients' containers
SOCKET_DIRECTORY = "/run/fluid/workers"  # in the containers; short, for a socket's path has 107 bytes at most


def runtime_json(plan: Plan) -> str:
    """Return the configuration of workers and clients; equal plans give equal text."""
    names = plan.names
    configuration = {
        "dataset": {"namespace": names.namespace, "name": names.name},
        "mounts": [
            {
                "mountPoint": mount.mount_point,
                "path": mount.path,
                "name": mount.name,
                "readOnly": True,  # the reference's file system does not write
                "options": dict(mount.options),
                "secretFiles": {
                    option: f"{SECRETS_DIRECTORY}/{secret}/{key}" for option, (secret, key) in mount.secrets.items()
                },
            }
            for mount in plan.mounts
        ],
        "workers": {
            "hosts": [
                f"{names.worker}-{index}.{names.worker}.{names.namespace}.svc.cluster.local"
                for index in range(plan.replicas)
            ],
            "dataPort": DATA_PORT,
            "controlPort": CONTROL_PORT,
        },
        "tiers": [
            {
                "medium": tier.medium,
                "path": tier.path,
                "quotaBytes": tier.quota_bytes,
                "high": tier.high,
                "low": tier.low,
                "hugePages": plan.huge_pages and tier.in_memory,
            }
            for tier in plan.tiers
        ],
        "stripeBytes": STRIPE_BYTES,
        "blockBytes": BLOCK_BYTES,
        "socketDirectory": SOCKET_DIRECTORY if plan.unix_sockets else None,
        "passthrough": plan.passthrough,
        "clientCopyBytes": plan.client_copy_bytes,
        "copiesDirectory": COPIES_DIRECTORY if plan.client_copy_bytes else None,
    }
    return json.dumps(configuration, indent=1, sort_keys=True)
