"""`python -m treeprobe`: the command line."""

from treeprobe.pipeline.commands.main import main

if __name__ == "__main__":
    main()
