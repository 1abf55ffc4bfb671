"""Playing scenarios: counterparts and runtime as real processes, and what is found of them."""
