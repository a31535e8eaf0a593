"""The users' commands, one file a noun, each with a typer `app`. They print what they did and nothing else."""
