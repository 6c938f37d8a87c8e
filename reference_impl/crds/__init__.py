"""The custom resource definitions, generated from tables of facts by `python -m reference_impl.crds`.

Rule: manifests/crds/*.yaml are never edited; a test holds them equal to what the tables give.
"""
