import json

import pytest

from ranrein.safety.keys import Environment, KeyProblem, Role, create, load_signer, load_trusted, trusted


def test_a_key_pair_signs_and_verifies(tmp_path):
    made = create(tmp_path, "ada", Role.CERTIFIER, Environment.LAB)
    signer = load_signer(tmp_path, "ada")
    signature = signer.sign(b"message")
    assert signer.identity == made.identity
    assert signer.identity.verifies(signature, b"message")
    assert not signer.identity.verifies(signature, b"another")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_only_the_owner_may_read_the_private_key(tmp_path, mode):
    create(tmp_path, "ada", Role.CERTIFIER, Environment.LAB)
    path = tmp_path / "ada.key.pem"
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(mode)
    with pytest.raises(KeyProblem, match="chmod 600"):
        load_signer(tmp_path, "ada")


def test_no_key_is_ever_overwritten(tmp_path):
    create(tmp_path, "ada", Role.CERTIFIER, Environment.LAB)
    before = (tmp_path / "ada.key.pem").read_bytes()
    with pytest.raises(KeyProblem, match="exists"):
        create(tmp_path, "ada", Role.OPERATOR, Environment.LAB)
    assert (tmp_path / "ada.key.pem").read_bytes() == before


@pytest.mark.parametrize("name", ["", "../ada", "a/b", ".hidden", "x" * 65])
def test_a_name_that_could_leave_the_folder_is_refused(tmp_path, name):
    with pytest.raises(KeyProblem, match="key name"):
        create(tmp_path, name, Role.OPERATOR, Environment.LAB)


def test_a_missing_key_says_how_to_make_one(tmp_path):
    with pytest.raises(KeyProblem, match="ranrein keys create ada"):
        load_signer(tmp_path, "ada")


def test_an_exchanged_public_record_is_noticed(tmp_path):
    for name in ("ada", "bob"):
        create(tmp_path, name, Role.CERTIFIER, Environment.LAB)
    (tmp_path / "ada.public.json").write_bytes((tmp_path / "bob.public.json").read_bytes())
    with pytest.raises(KeyProblem, match="not one pair"):
        load_signer(tmp_path, "ada")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("key_id", "0" * 64),
        ("role", "king"),
        ("environment", "moon"),
        ("public_key", "AAAA"),
        ("public_key", "?"),
    ],
)
def test_a_changed_public_record_is_refused_by_file_name(tmp_path, field, value):
    create(tmp_path, "ada", Role.CERTIFIER, Environment.LAB)
    path = tmp_path / "ada.public.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))
    with pytest.raises(KeyProblem, match=r"ada\.public\.json"):
        load_trusted(tmp_path)


def test_the_trust_store_finds_by_key_id_only(tmp_path):
    ada = create(tmp_path, "ada", Role.CERTIFIER, Environment.LAB).identity
    trust = load_trusted(tmp_path)
    assert trust.find(ada.key_id) == ada
    assert trust.find("ada") is None


def test_one_key_cannot_have_two_roles(tmp_path):
    ada = create(tmp_path, "ada", Role.CERTIFIER, Environment.LAB).identity
    with pytest.raises(KeyProblem, match="2 times"):
        trusted([ada, ada.model_copy(update={"role": Role.SAFETY_OFFICER})])


def test_a_trust_folder_that_is_missing_is_an_error(tmp_path):
    with pytest.raises(KeyProblem, match="no folder"):
        load_trusted(tmp_path / "nowhere")
