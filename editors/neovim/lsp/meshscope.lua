-- The language server of meshscope, for vim.lsp.enable('meshscope').
--
-- Owns how the server is started and what it is told of this editor. Everything a user sets goes
-- through vim.lsp.config('meshscope', { ... }), which is laid over this.

---@type vim.lsp.Config
return {
  cmd = { 'meshscope', 'lsp' },
  filetypes = { 'yaml', 'helm', 'yaml.helm-values' },
  root_markers = vim.fn.has('nvim-0.11.3') == 1
      and { { 'meshscope.yaml', '.meshscope.yaml' }, '.git' }
    or { 'meshscope.yaml', '.meshscope.yaml', '.git' },
  -- A mesh is a folder: single files elsewhere are left to other servers.
  workspace_required = true,
  settings = { meshscope = {} },
  on_attach = function(client, buffer)
    require('meshscope').attach(client, buffer)
  end,
}
