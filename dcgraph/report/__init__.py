"""The page of a model: one HTML file with all that can be said of it and nothing to fetch.

`page.render` makes the page, `live.LivePage` serves it while the model's file changes. A section of
the page is a module here and a template of the same name in ``templates/sections``.
"""
