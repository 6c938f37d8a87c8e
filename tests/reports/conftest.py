"""Sample runs: hand-made report.yaml files, copied so that nothing is written into the tree."""

import shutil
from pathlib import Path

import pytest
import yaml
from report_samples import Changed, Edit, Sample

DATA = Path(__file__).parent / "data"


@pytest.fixture
def sample(tmp_path: Path) -> Sample:
    """Copy a sample run to a directory of runs of its own and return its directory."""

    def copy(name: str) -> Path:
        directory = tmp_path / "runs" / name
        shutil.copytree(DATA / name, directory)
        return directory

    return copy


@pytest.fixture
def changed(sample: Sample) -> Changed:
    """Copy a sample run, change its content, and return its directory."""

    def change(name: str, edit: Edit) -> Path:
        directory = sample(name)
        path = directory / "report.yaml"
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        edit(content)
        path.write_text(yaml.dump(content, Dumper=yaml.CSafeDumper, allow_unicode=True), encoding="utf-8")
        return directory

    return change
