"""What `shirube doctor` found, as lines of a terminal."""

from shirube.checks import Check, lines


def test_several_faults_stand_on_lines_of_their_own_and_addresses_stay_whole() -> None:
    address = "https://papers.example/a-rather-long/path-with-hyphens/of-an-address"
    check = Check("sources", False, "The roadmap is not whole:\nstages.toml: not there\nlabs.toml: not there", address)
    told = list(lines([check]))
    assert told[0] == "NOT WELL  sources                The roadmap is not whole:"
    assert told[1:3] == [f"{'':33}stages.toml: not there", f"{'':33}labs.toml: not there"]
    assert any(address in line for line in told)


def test_what_doctor_says_fits_a_narrow_terminal_and_ends_with_what_is_not_well() -> None:
    long = "a sentence of some length " * 9
    checks = [Check("Python", True, "3.12"), Check("disk", False, long, long), Check("mail", False, "x", "y")]
    told = list(lines(checks))
    assert max(map(len, told)) <= 79
    assert told[0] == "well      Python                 3.12"
    assert told[1].startswith("NOT WELL  disk                   a sentence")
    assert "                                 -> y" in told
    assert told[-1] == "Not well: disk, mail. What to do stands beneath each."
    assert list(lines([Check("Python", True, "3.12")]))[-1] == "All is well."
