// Shows the document of this very server. A key typed here stays in this tab.
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#api",
  deepLinking: true,
  displayRequestDuration: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  tryItOutEnabled: true,
  validatorUrl: null,
  onComplete: foldProblems,
});

// The table of problems is for looking something up: folded, the operations come into sight.
function foldProblems() {
  const table = document.querySelector(".info table");
  const lead = table?.previousElementSibling;
  if (!lead) return;
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.append(...lead.childNodes);
  details.append(summary);
  lead.replaceWith(details);
  details.append(table);
}
