"""The pages of the HTTP API, from docs/openapi.json: one for each part of it, and one for what is sent and answered. Plain Markdown,
so that they read and are searched like any other page, and need no script."""

from dataclasses import dataclass


@dataclass
class Area:
    page: str
    title: str
    beginnings: tuple  # of paths


AREAS = [
    Area("generations.md", "Generations", ("/v1/generations",)),
    Area("files-and-models.md", "Files and models", ("/v1/files", "/v1/models")),
    Area("flip.md", "The flip", ("/admin/flip",)),
    Area("service.md", "The service", ("/healthz", "/readyz", "/metrics", "/admin/status", "/admin/reload", "/openapi.json", "/")),
    Area("webhooks.md", "Webhooks", ("/admin/webhooks",)),
]
# What is only seen while a fleet flips is a page of its own; models of the example's configuration are no part of the API.
FLIP_SCHEMAS = "flip-schemas.md"
SCHEMAS = "schemas.md"
REFERENCE = "#/components/schemas/"


def area_of(path):
    """The one with the longest beginning: "/" is one of every path."""
    return max((area for area in AREAS if path.startswith(area.beginnings)),
               key=lambda area: max(len(beginning) for beginning in area.beginnings if path.startswith(beginning)))


def page_of_schema(name):
    return FLIP_SCHEMAS if name.startswith("Flip") else SCHEMAS


def cell(text):
    return " ".join(str(text).split()).replace("|", "\\|")


def type_of(schema):
    """A schema in a few words, with links to those that have names."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(REFERENCE)
        return f"[{name}]({page_of_schema(name)}#{name.lower()})"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{schema['const']}`"
    for word, between in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if word in schema:
            return between.join(type_of(one) for one in schema[word])
    kind = schema.get("type", "anything")
    kind = " or ".join(kind) if isinstance(kind, list) else kind
    if kind == "array":
        return f"list of {type_of(schema.get('items', {}))}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {type_of(schema['additionalProperties'])}"
    return kind + (f" ({schema['format']})" if "format" in schema else "")


BOUNDS = {"minimum": "from {}", "maximum": "to {}", "minLength": "{} characters or more", "maxLength": "at most {} characters",
          "minItems": "{} or more", "maxItems": "at most {}", "pattern": "matches `{}`", "default": "default `{}`"}


def notes_of(schema, before=""):
    words = [before or schema.get("description", "")]
    words += [text.format(schema[name]) for name, text in BOUNDS.items() if name in schema]
    return cell("; ".join(word for word in words if word))


def members_of(schema, before=""):
    """(name, its schema, whether it is always there) of each member, and behind an object those of that."""
    required = set(schema.get("required", []))
    for name, member in schema.get("properties", {}).items():
        yield before + name, member, name in required
        yield from members_of(member, f"{before}{name}.")
        yield from members_of(member.get("items", {}), f"{before}{name}[].")


def members_table(schema):
    rows = ["| member | | |", "| --- | --- | --- |"]
    for name, member, needed in members_of(schema):
        rows.append(f"| `{name}`{' *' if needed else ''} | {cell(type_of(member))} | {notes_of(member)} |")
    return "\n".join(rows)


def parameters_table(parameters):
    rows = ["| parameter | in | | |", "| --- | --- | --- | --- |"]
    for one in parameters:
        mark = " *" if one.get("required") else ""
        schema = one.get("schema", {})
        rows.append(f"| `{one['name']}`{mark} | {one['in']} | {cell(type_of(schema))} | {notes_of(schema, one.get('description', ''))} |")
    return "\n".join(rows)


def content_of(body):
    kinds = []
    for media, told in body.get("content", {}).items():
        schema = told.get("schema", {})
        kinds.append(f"`{media}`" + (f": {type_of(schema)}" if schema and type_of(schema) != "string" else ""))
    return ", ".join(kinds)


def operation_parts(path, method, operation):
    parts = [f"## {operation.get('summary', operation['operationId'])}", f'<a id="{operation["operationId"]}"></a>',
             f"```http\n{method.upper()} {path}\n```", operation.get("description", "")]
    if operation.get("parameters"):
        parts.append(parameters_table(operation["parameters"]))
    if "requestBody" in operation:
        wanted = "needed" if operation["requestBody"].get("required") else "optional"
        parts.append(f"**Body** ({wanted}): {content_of(operation['requestBody'])}")
    rows = ["| answer | | body |", "| --- | --- | --- |"]
    rows += [f"| {status} | {cell(answer.get('description', ''))} | {cell(content_of(answer))} |"
             for status, answer in operation["responses"].items()]
    return [part for part in [*parts, "\n".join(rows)] if part]


def operations_in(document):
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in ("get", "put", "post", "delete", "patch"):
                yield path, method, {**operation, "parameters": methods.get("parameters", []) + operation.get("parameters", [])}


def schema_parts(name, schema):
    parts = [f"## {name}", schema.get("description", "")]
    if schema.get("properties"):
        parts.append(members_table(schema))
    else:
        parts.append(type_of(schema))
    return [part for part in parts if part]


def index(document):
    rows = ["| call | |", "| --- | --- |"]
    for path, method, operation in operations_in(document):
        link = f"{area_of(path).page}#{operation['operationId']}"
        rows.append(f"| [`{method.upper()} {path}`]({link}) | {cell(operation.get('summary', ''))} |")
    return "\n\n".join([
        "# The HTTP API, call by call", document["info"].get("description", ""),
        "What every server tells of itself at `GET /openapi.json` ([the document](openapi.json), OpenAPI "
        f"{document['openapi']}), as pages. [The HTTP API](../api.md) says how things go together; calls of OpenAI's, "
        "Replicate's and Ollama's clients are theirs.", "\n".join(rows)]) + "\n"


def pages(document):
    """{name: Markdown} of index.md, of each area and of the schemas."""
    parts = {area.page: [f"# {area.title}: calls", "What has a star is needed."] for area in AREAS}
    for path, method, operation in operations_in(document):
        parts[area_of(path).page] += operation_parts(path, method, operation)
    parts[SCHEMAS] = ["# What is sent and answered", "Members with a star are always there."]
    parts[FLIP_SCHEMAS] = ["# What is sent and answered about the flip", "Members with a star are always there."]
    for name, schema in document["components"]["schemas"].items():
        if not name.startswith("Input_"):
            parts[page_of_schema(name)] += schema_parts(name, schema)
    return {"index.md": index(document), **{name: "\n\n".join(found) + "\n" for name, found in parts.items()}}
