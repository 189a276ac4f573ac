"""The one line that a promise test prints (docs/promises.md is made of them)."""


def promise(number: int, variant: str, name: str, ok: bool, figures: str, seed: int) -> None:
    """Variant: embedded, stack or region. Fails the test that calls it when the promise is not kept."""
    line = f"PROMISE {number}.{variant} {name} {'PASS' if ok else 'FAIL'} {figures} seed={seed}"
    print(line)
    assert ok, line
