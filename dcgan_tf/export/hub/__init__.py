"""Exports on the Hugging Face Hub: `push_export` uploads one, `pull_export` downloads one."""
