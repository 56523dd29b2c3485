"""What serves is light: nothing that only training, building or an extra needs is imported."""

import subprocess
import sys

HEAVY = ("sklearn", "scipy", "onnx", "openai", "spacy", "torch", "transformers")


def test_the_assistant_imports_nothing_heavy() -> None:
    """Scikit-learn alone is 100 MB and a second of every start."""
    program = f"import sys, consumers.nlp.app; print([n for n in {HEAVY} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert found.stdout.decode().strip() == "[]"
