"""What may come between the demo and its nodes; each says in a sentence what was seen."""

import requests

from services.common.errors import Refusal
from services.common.rpc_errors import Away
from services.node.demo.page import Unexpected
from services.node.demo.waiting import TookTooLong

TROUBLE = (Unexpected, TookTooLong, Refusal, Away, requests.RequestException)
