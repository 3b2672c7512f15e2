"""Reports: results.jsonl to statistics, figures and report.html."""
