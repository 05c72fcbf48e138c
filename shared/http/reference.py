"""The documentation page of a service: its OpenAPI document, shown by what we serve ourselves."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse

ASSETS: Final = Path(__file__).parent / "assets"
SCRIPT: Final = "rapidoc-9.3.8.min.js"

# Nothing is loaded from elsewhere, and nothing is sent elsewhere.
SAFELY: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; connect-src 'self'; "
    "style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Yui {service}</title>
<script type="module" src="docs/{script}"></script>
</head>
<body>
<rapi-doc spec-url="openapi.json" theme="light" render-style="read" load-fonts="false"
 show-header="false" schema-style="table" schema-description-expanded="true"
 allow-spec-url-load="false" allow-spec-file-load="false" allow-server-selection="false"
 regular-font="system-ui, sans-serif" mono-font="ui-monospace, monospace">
</rapi-doc>
<noscript>The same for machines: <a href="openapi.json">openapi.json</a></noscript>
</body>
</html>
"""


def create_reference_router(service: str) -> APIRouter:
    router = APIRouter()

    @router.get("/docs", include_in_schema=False)
    async def page() -> HTMLResponse:
        return HTMLResponse(PAGE.format(service=service, script=SCRIPT), headers=SAFELY)

    @router.get(f"/docs/{SCRIPT}", include_in_schema=False)
    async def script() -> FileResponse:
        kept = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(ASSETS / SCRIPT, media_type="text/javascript", headers=kept)

    return router
