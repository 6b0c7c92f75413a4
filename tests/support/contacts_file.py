"""A contacts file of people who are reached by webhooks."""
import os

SECRET = "whsec_" + "A" * 43 + "="


def write_secret(directory, name, text):
    path = os.path.join(directory, name)
    with open(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w",
              encoding="utf-8") as file:
        file.write(text + "\n")


def _hook(url):
    return f'webhook: {{url: "{url}", secret_file: pager.key}}'


def _ways(way):
    if isinstance(way, str):
        return _hook(way)
    return "methods: {" + ", ".join(f"{method}: {{{_hook(url)}, verified: true}}"
                                    for method, url in way.items()) + "}"


def write_contacts(directory, people):
    """`people` are names, each with a URL, or with URLs by the names of methods; the file's path."""
    write_secret(directory, "pager.key", SECRET)
    path = os.path.join(directory, "contacts.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write("allow: [127.0.0.0/8]\ncontacts:\n" + "".join(
            f"  {person}: {{{_ways(way)}}}\n" for person, way in people.items()))
    return path


def at_both(providers, people):
    """Everybody has one method at each of two providers, in either order."""
    return {person: {f"way{place}": provider.url(f"/{person}") for place, provider in
                     enumerate(providers if number % 2 == 0 else providers[::-1])}
            for number, person in enumerate(people)}
