"""Parts of report.yaml that a run may lack: for each, what it says as data and the one function that reads it.

Rule: as everywhere in the file, what was not measured is None, and a broken value is named by file and field.
"""
