"""Items as works to cite and to take along: BibTeX, RIS, CSL-JSON, CSV and Markdown, from what is stored alone."""
