// The search would start a worker from a blob, which the policy of this page does not allow.
Redoc.init("/openapi.json", { disableSearch: true, hideHostname: true }, document.getElementById("page"));
