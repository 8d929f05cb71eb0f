from wsprobe import explain
from wsprobe.history import data


def test_history_has_every_row_and_both_questions():
    text = " ".join(explain.text(explain.find("history")).split())
    for row in data.timeline():
        assert row.title in text
        assert row.verified in text
    for question in data.questions():
        assert question.answer in text
    assert "lab:accept-then-close-4403 lab:diagnostic-endpoint" in text


def test_published_rows_are_marked():
    labels = [label for label, _ in explain.find("history").facts]
    assert "2011-04-22 *" in labels
    assert "2009-08-04" in labels


def test_a_revision_is_shown_with_its_neighbours():
    entry = explain.find("hybi-07")
    assert entry.see_also[:2] == ("hybi-06", "hybi-08")
    facts = dict(entry.facts)
    assert facts["date"] == "2011-04-22"
    assert facts["before it"].startswith("hybi-06, 2011-02-25")
    assert facts["after it"].startswith("hybi-08, 2011-06-07")


def test_a_revision_says_which_rules_it_changed():
    facts = dict(explain.find("hybi-07").facts)
    assert "one timeline" in facts["rule-status"]
    assert "rule-challenge" not in facts
    assert "rule-upgrade" in dict(explain.find("hybi-04").facts)


def test_of_the_api_only_its_own_rules_are_shown():
    labels = [label for label, _ in explain.find("r1.271").facts if label.startswith("rule-")]
    assert labels == ["rule-extension-unasked"]
    assert "rule-protocol-missing" in dict(explain.find("r1.302").facts)


def test_what_script_was_told():
    facts = dict(explain.find("r1.271").facts)
    assert facts["what a script gets after a failed handshake"].startswith("error, then close, code 1006")
    assert facts["what must look the same to a script"].count(";") == 6


def test_a_rule_is_shown_through_all_revisions():
    entry = explain.find("rule-upgrade")
    labels = [label for label, _ in entry.facts]
    assert labels[0] == "hixie-75"
    assert "hixie-76 to hybi-03" in labels
    assert "rfc6455" in labels


def test_what_is_not_known_is_said():
    assert "not known" in dict(explain.find("hybi-06").facts)["rule-status"]


def test_a_contradiction_names_both_places():
    labels = [label for label, _ in explain.find("contradiction-extension-lines").facts]
    assert labels[:2] == ["RFC 6455 section 4.2.2, step 5.6", "RFC 6455 section 11.3.2"]


def test_a_finding_that_touches_a_contradiction_leads_to_it():
    assert explain.find("connection-list").see_also == ("contradiction-connection",)
