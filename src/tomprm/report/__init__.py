"""Reports: results.jsonl to statistics, figures and report.html."""

from tomprm.report.compare import (
    console_summary,
    load_results,
    read_run,
    readme_figure,
    summarise,
    write_report,
)

__all__ = ["console_summary", "load_results", "read_run", "readme_figure", "summarise", "write_report"]
