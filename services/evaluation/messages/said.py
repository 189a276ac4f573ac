"""Facts that evaluation says on its topic."""

from fosse.common.v1 import facts_pb2 as common


def item_shared(item_id: str, version: int) -> common.ItemShared:
    return common.ItemShared(item_id=item_id, version=version)
