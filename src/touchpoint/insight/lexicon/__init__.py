"""Words as data: what is read in answers and analyses, by language. Nothing here does anything."""
