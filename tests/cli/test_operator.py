"""What an operator is told when something is missing, newer or wrong."""

import os
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine, create_engine, text
from typer.testing import CliRunner

from services.cli.doctor import examine
from services.cli.main import app, refusals_said
from services.cli.migrate import SERVICES
from services.cli.office import Office
from services.cli.postgres import Cluster
from services.cli.readiness import ReadyFile, ReadyProcess
from tests.kit.receiving import Receiver, receiving
