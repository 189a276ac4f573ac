"""Facts that resource says on its topic."""

from fosse.common.v1 import facts_pb2 as common
from fosse.resource.v1 import facts_pb2 as pb
from services.resource.domain.adoption import Adoption
from services.resource.domain.resource import Resource


def resource_changed(resource: Resource) -> pb.ResourceChanged:
    return pb.ResourceChanged(
        resource_id=resource.id,
        version=resource.version,
        state=pb.ResourceState.ValueType(resource.state),
        audience=int(resource.audience),  # type: ignore[arg-type]  # the domain's numbers are the proto's
        origin_node_id=resource.origin_node_id,
        editions=len(resource.published),
        community_id=resource.community_id if resource.own else "",
    )


def resource_gone(resource_id: str, version: int, node_id: str) -> pb.ResourceChanged:
    """Another node took its resource back."""
    return pb.ResourceChanged(
        resource_id=resource_id, version=version, state=pb.RESOURCE_STATE_WITHDRAWN, origin_node_id=node_id
    )


def resource_adopted(adoption: Adoption, own_resource: bool, community_id: str) -> pb.ResourceAdopted:
    """`community_id`: in whose figures it counts."""
    return pb.ResourceAdopted(
        adoption_id=adoption.id,
        resource_id=adoption.resource_id,
        stage=adoption.stage,
        version=adoption.version,
        node_id=adoption.node_id,
        own=own_resource,
        community_id=community_id,
    )


def item_shared(item_id: str, version: int) -> common.ItemShared:
    return common.ItemShared(item_id=item_id, version=version)
