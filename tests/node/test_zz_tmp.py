from collections import Counter
import tests.node.test_gateway_odd_requests as t
import pytest
C=Counter()
orig=t.ask
def ask(b,e,p,m):
    a=orig(b,e,p,m); C[(e.rpc.name,a.status_code)]+=1; return a
t.ask=ask
ann=t.ann
@pytest.mark.parametrize("endpoint", t.ENDPOINTS, ids=lambda e:e.rpc.name)
def test_x(endpoint, ann): t.test_nothing_that_is_sent_makes_it_fall_over.__wrapped__(endpoint,ann) if hasattr(t.test_nothing_that_is_sent_makes_it_fall_over,'__wrapped__') else t.test_nothing_that_is_sent_makes_it_fall_over(endpoint,ann)
def test_z(): print(sorted(C.items()))
