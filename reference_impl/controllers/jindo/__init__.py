"""What the jindoruntime-controller does with a JindoRuntime: the reference cache under JindoFS's names."""
