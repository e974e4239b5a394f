#!/usr/bin/env python3
"""whole-job.py SLOT STORE TASK: the job through GitPython."""
import pathlib
import subprocess
import sys

import git

slot, store, task = sys.argv[1:]
out = pathlib.Path(store, task)
out.mkdir(parents=True)
branch = f"feature/task-bench-{task}"
repo = git.Repo(slot)
if repo.is_dirty(untracked_files=True):
    sys.exit("the slot is dirty")
repo.remotes.origin.fetch("main")
repo.heads.main.checkout()
repo.git.rebase("origin/main")
repo.create_head(branch).checkout()
for name, command in (("agent", "echo change >>file-1.txt"),
                      ("test", "test -f file-1.txt")):
    with open(out / f"{name}.log", "wb") as log:
        subprocess.run(["sh", "-c", command], cwd=slot, stdout=log,
                       stderr=subprocess.STDOUT, check=True)
repo.git.add(all=True)
(out / "changes.diff").write_text(repo.git.diff("main", cached=True))
commit = repo.index.commit(f"feat(task-{task}): Change a file")
repo.remotes.origin.push(f"{branch}:{branch}").raise_if_error()
(out / "commit").write_text(commit.hexsha)
