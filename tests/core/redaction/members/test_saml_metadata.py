"""SAML metadata: the structure of a document stays, what identifies the provider and its owner goes."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from awstape.core.redaction.aliases import Aliases
from awstape.core.redaction.members.saml_metadata import redact_saml_metadata
from awstape.core.redaction.redactor import Redactor
from support.exchanges import KEY, operation

CERTIFICATE = "\n          ".join(["MIIDzrealCertificateOfNobody" + "zrealQ1" * 5] * 12)
METADATA = f"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made for zreal by hand -->
<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#"
    entityID="https://idp.zreal-corp.test/exkzreal1/metadata" ID="_zreal4711" validUntil='2030-01-01T00:00:00Z'>
  <md:IDPSSODescriptor WantAuthnRequestsSigned="false"
      protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">
    <md:KeyDescriptor use="signing">
      <ds:KeyInfo><ds:KeyName>zreal-key</ds:KeyName><ds:X509Data>
        <ds:X509Certificate>
          {CERTIFICATE}
        </ds:X509Certificate></ds:X509Data></ds:KeyInfo>
    </md:KeyDescriptor>
    <md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>
    <md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
        Location="https://idp.zreal-corp.test/app/sso?tenant=zreal&amp;x=1"/>
    <saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.6"
        FriendlyName="zrealName" NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri"/>
  </md:IDPSSODescriptor>
  <md:Organization><md:OrganizationName xml:lang="en"><![CDATA[Zreal & Sons]]></md:OrganizationName></md:Organization>
  <md:ContactPerson contactType="technical">
    <md:EmailAddress>zrealbob@zreal-corp.test</md:EmailAddress></md:ContactPerson>
</md:EntityDescriptor>
"""


def redact(text: str) -> str:
    return redact_saml_metadata(text, Aliases(KEY))


def test_the_structure_stays_and_the_provider_goes() -> None:
    redacted = redact(METADATA)
    assert "zreal" not in redacted.lower()
    assert len(redacted) >= 1000
    old, new = ET.fromstring(METADATA), ET.fromstring(redacted)
    assert [(each.tag, sorted(each.attrib)) for each in new.iter()] == [
        (each.tag, sorted(each.attrib)) for each in old.iter()
    ]
    words = "Binding|use|NameFormat|protocolSupportEnumeration|validUntil|contactType|lang|WantAuthnRequestsSigned"
    public = re.compile(rf"""(?:{words})=["'][^"']*""")
    assert public.findall(redacted) == public.findall(METADATA)
    assert "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>" in redacted
    assert 'Name="urn:oid:1.3.6.1.4.1.5923.1.1.1.6"' in redacted
    assert new.attrib["entityID"].startswith("https://alias-")
    assert [line.strip() == "" for line in redacted.splitlines()] == [
        line.strip() == "" for line in METADATA.replace(CERTIFICATE, "x").splitlines()
    ]


def test_a_word_is_public_in_its_place_only() -> None:
    """`signing` is a use of a key, and may be the name of one."""
    text = METADATA.replace("zreal-key", "signing")
    assert "<ds:KeyName>signing</ds:KeyName>" not in redact(text)
    assert 'use="signing"' in redact(text)


def test_redacting_twice_changes_nothing() -> None:
    redacted = redact(METADATA)
    assert redact(redacted) == redacted
    aliases = Aliases(KEY)
    assert redact_saml_metadata(redacted, aliases) == redacted
    assert not aliases.count_by_kind()


@pytest.mark.parametrize(
    "text",
    [
        "zreal",
        "<x/>" * 300,
        "<EntityDescriptor/>",
        METADATA[:-30],
        METADATA.replace("<md:Entity", "<!DOCTYPE x [<!ENTITY zreal 'zreal'>]><md:Entity", 1),
        "<html>zreal</html>",
    ],
)
def test_other_texts_become_one_alias(text: str) -> None:
    assert redact(text) == Aliases(KEY).saml_metadata(text)


def test_an_alias_stays() -> None:
    alias = Aliases(KEY).saml_metadata("zreal")
    assert redact(alias) == alias


def test_it_is_the_rule_of_the_member() -> None:
    identity = Redactor(KEY).redact_identity(
        operation("CreateSAMLProvider"), {"Name": "zreal", "SAMLMetadataDocument": METADATA}
    )
    assert identity["SAMLMetadataDocument"] == redact(METADATA)
