"""The fingerprint of a newcomer's keys in everyday words, which two people read to each other.

The 256 words stand for the bytes of a hash and differ in their first four letters. Their order is part
of the protocol (docs/FEDERATION.md): never change, add or remove one.
"""

from hashlib import sha256

TAG = b"fosse/fingerprint/1"
LENGTH = 8

_LIST = """
    acorn almond anchor ankle apple apron arrow autumn bacon badger bagpipe bakery balcony bamboo barley barrel
    basket beach bean beetle bell bench berry bicycle birch biscuit blanket blossom bonnet bottle bracken
    bramble brick bridge broccoli bucket buttercup cabbage cabin candle canoe canyon caravan cardigan
    carpet carrot castle cathedral celery chapel cheddar cherry chestnut chimney chutney cider cinema clarinet
    cliff clover cobweb coconut compass copper cottage cradle cricket crocus crumpet cucumber curtain cushion custard
    daffodil daisy dolphin donkey dragon drizzle drum duckling dumpling eagle elbow elephant emerald engine
    envelope falcon farmhouse feather ferret fiddle fig flannel flute football forest fountain foxglove freckle
    garden garlic gazebo gingerbread giraffe goblet goldfish gooseberry gosling granite gravy guitar hammer
    harbour harvest hazel hedgehog helmet heron holly honey hospital island ivory jacket jasmine jigsaw jumper
    kettle kingfisher kitchen kitten ladder ladybird lantern lavender lemon lettuce library lighthouse lilac
    lobster magnet magpie mallet mango maple marble marigold market marmalade meadow melon mountain muffin
    mushroom mustard napkin necklace nutmeg oatmeal octopus olive onion orchard otter oyster paddle pancake
    panda parcel parsnip peacock pebble pelican penguin pepper piano picnic pigeon pillow planet plum pony poppy
    postcard potato primrose pudding pumpkin puzzle pyjamas quilt rabbit radish railway rainbow raspberry ribbon
    river robin rocket rosemary saddle saffron sailor salmon sandal saucer scarf seagull shepherd shovel silver
    skylark slipper snowdrop sofa spaniel sparrow spinach sponge squirrel stable starling station sunflower
    swallow syrup tangerine teapot thimble thistle ticket tomato tractor treacle trumpet tulip tunnel turnip
    umbrella velvet village violin walnut walrus weasel whistle willow window wombat woodland yoghurt zebra
"""

WORDS = tuple(_LIST.split())


def fingerprint(signing_key: bytes, sealing_key: bytes, certificate_spki: bytes) -> str:
    """`certificate_spki`: SHA-256 of the public key in the certificate request."""
    digest = sha256(TAG + signing_key + sealing_key + certificate_spki).digest()
    return " ".join(WORDS[byte] for byte in digest[:LENGTH])
