"""A bill of materials as CycloneDX 1.5 JSON."""

import json
import uuid


def component_of(component):
    told = {"type": "library", "name": component.name, "version": component.version, "purl": component.purl,
            "bom-ref": component.purl, "scope": "required"}
    if component.licence:
        told["licenses"] = [{"license": {"id": component.licence}}]
    if component.description:
        told["description"] = component.description
    return told


def cyclonedx(bill):
    binary = {"type": "application", "name": "shunt", "version": bill.version, "purl": bill.purl, "bom-ref": bill.purl,
              "hashes": [{"alg": "SHA-256", "content": bill.binary_sha256}], "licenses": [{"license": {"id": "MIT"}}]}
    components = [component_of(component) for component in bill.components]
    subject = binary
    if bill.in_image:
        image = f"{bill.purl}#image"
        subject = {"type": "container", "name": "shunt", "version": bill.version, "bom-ref": image}
        components.append(binary)
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "metadata": {"component": subject},
                "components": components,
                "dependencies": [{"ref": subject["bom-ref"], "dependsOn": [part["bom-ref"] for part in components]}]}
    # Named after its content, so that two builds of the same are the same.
    content = json.dumps(document, sort_keys=True)
    return {"serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, content)}", **document}
