"""Every revision on rows that were there before it; the release before beside this one; what the statements lock."""
