import hashlib

import pytest

from ranrein.safety.merkle import (
    Accumulator,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root_hash,
    verify_inclusion,
)

# Reference leaves and roots of the RFC 6962 tests of the Certificate Transparency project.
LEAVES = [
    leaf_hash(bytes.fromhex(text))
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_tests(size):
    assert root_hash(LEAVES[:size]).hex() == ROOTS[size]


def test_the_root_follows_the_recursive_definition():
    def definition(leaves):
        if len(leaves) == 1:
            return leaves[0]
        split = 1 << (len(leaves) - 1).bit_length() - 1
        return node_hash(definition(leaves[:split]), definition(leaves[split:]))

    leaves = [hashlib.sha256(bytes([i])).digest() for i in range(70)]
    for size in range(1, 71):
        assert root_hash(leaves[:size]) == definition(leaves[:size])


def test_leaf_and_node_hashes_are_told_apart():
    assert leaf_hash(LEAVES[0] + LEAVES[1]) != node_hash(LEAVES[0], LEAVES[1])


def test_the_accumulator_keeps_few_hashes():
    tree = Accumulator()
    for i in range(1000):
        tree.append(LEAVES[i % 8])
    assert tree.size == 1000
    assert len(tree._peaks) == (1000).bit_count()


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 8])
def test_every_leaf_has_a_proof_that_fits_nowhere_else(size):
    leaves = LEAVES[:size]
    root = root_hash(leaves)
    for index in range(size):
        proof = inclusion_proof(index, leaves)
        assert verify_inclusion(leaves[index], index, size, proof, root)
        assert not verify_inclusion(hashlib.sha256(b"x").digest(), index, size, proof, root)
        assert not verify_inclusion(leaves[index], index, size, [*proof, root], root)
        assert not verify_inclusion(leaves[index], index + size, size, proof, root)


def test_a_leaf_outside_the_tree_has_no_proof():
    with pytest.raises(ValueError, match="there are 8 leaves"):
        inclusion_proof(8, LEAVES)
