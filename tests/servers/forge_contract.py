# SPDX-License-Identifier: MIT
"""Pull requests as GitHub (2022-11-28), GitLab (v4) and Gitea (v1) take them,
as far as their references say. What was opened is in pulls.jsonl. A project
"forked/..." has a request of a fork for every branch that is asked for; what
opens in "odd/..." is nowhere.
"""

import services_contract as contract


def opened(services, **wanted):
    """The open requests that have these."""
    return [one for one in services.requests
            if all(one[name] == value for name, value in wanted.items())]


OWN, FORK = 7, 8  # ids of repositories


ODD = {"odd/url": {"url": "javascript:alert(1)"},
       "odd/number": {"number": 1e300}}


def of_fork(services, project, branch, base):
    """A stranger's request, from a branch of the same name."""
    if not project.startswith("forked/"):
        return []
    return [{"project": project, "branch": branch, "base": base, "from": FORK,
             "number": 666, "url": f"{services.url}/{project}/666",
             "title": "theirs", "draft": False}]


def open_one(services, project, branch, base, taken, **more):
    if opened(services, project=project, branch=branch, base=base):
        raise contract.Broken(*taken)
    number = len(services.requests) + 1
    one = {"project": project, "branch": branch, "base": base,
           "number": number, "url": f"{services.url}/{project}/{number}",
           } | more | ODD.get(project, {})
    services.requests.append(one)
    services.note("pulls", one)
    return one


def github(one):
    return {"html_url": one["url"], "number": one["number"],
            "draft": one["draft"],
            "head": {"ref": one["branch"],
                     "repo": {"id": one.get("from", OWN)}},
            "base": {"ref": one["base"], "repo": {"id": OWN}}}


def gitlab(one):
    return {"web_url": one["url"], "iid": one["number"], "id": 4711,
            "source_project_id": one.get("from", OWN),
            "target_project_id": OWN,
            "draft": one["title"].startswith("Draft:")}


def github_list(services, request, query, project):
    if request.headers["X-GitHub-Api-Version"] != "2022-11-28":
        raise contract.Broken(422, "it is not said which version is meant")
    contract.only(query, ("state", "head", "base"))
    owner, branch = query["head"].split(":", 1)
    if owner != project.split("/")[0] or query["state"] != "open":
        raise contract.Broken(422, f"nobody has {query}")
    return contract.json_answer([github(one) for one in opened(
        services, project=project, branch=branch, base=query["base"])])


def github_open(services, request, _query, project):
    body = contract.read_json(request)
    contract.only(body, ("title", "head", "base", "body", "draft"))
    if not isinstance(body["draft"], bool):
        raise contract.Broken(422, "draft is no boolean")
    return contract.json_answer(github(open_one(
        services, project, body["head"], body["base"],
        (422, "Validation Failed"), title=body["title"], text=body["body"],
        draft=body["draft"])), 201)


def gitlab_list(services, _request, query, project):
    contract.only(query, ("state", "source_branch", "target_branch"))
    if query["state"] != "opened":
        raise contract.Broken(422, f"there is no state {query['state']}")
    branch, base = query["source_branch"], query["target_branch"]
    return contract.json_answer([gitlab(one) for one in of_fork(
        services, project, branch, base) + opened(
            services, project=project, branch=branch, base=base)])


def gitlab_open(services, request, _query, project):
    body = contract.read_json(request)
    contract.only(body, ("source_branch", "target_branch", "title",
                         "description"))
    return contract.json_answer(gitlab(open_one(
        services, project, body["source_branch"], body["target_branch"],
        (409, "Another open merge request already exists"),
        title=body["title"], text=body["description"])), 201)


def gitea_list(services, _request, query, project):
    contract.only(query, ("state", "sort", "limit"))
    return contract.json_answer([github(one) for one in of_fork(
        services, project, "feature/task-demo-1.1", "main") + opened(
            services, project=project)])


def gitea_open(services, request, _query, project):
    body = contract.read_json(request)
    contract.only(body, ("title", "head", "base", "body"))
    return contract.json_answer(github(open_one(
        services, project, body["head"], body["base"],
        (409, "pull request already exists for these targets"),
        title=body["title"], text=body["body"], draft=False)), 201)


ROUTES = [
    ("GET", "/api/v3/repos/([^/]+/[^/]+)/pulls", github_list),
    ("POST", "/api/v3/repos/([^/]+/[^/]+)/pulls", github_open),
    ("GET", "/api/v4/projects/([^/]+)/merge_requests", gitlab_list),
    ("POST", "/api/v4/projects/([^/]+)/merge_requests", gitlab_open),
    ("GET", "/api/v1/repos/([^/]+/[^/]+)/pulls", gitea_list),
    ("POST", "/api/v1/repos/([^/]+/[^/]+)/pulls", gitea_open),
]
