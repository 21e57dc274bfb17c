-- :checkhealth meshscope
--
-- Owns finding out whether the server can be started here, and what stands in its way.

local M = {}

local health = vim.health

local function check_editor()
  if vim.fn.has('nvim-0.11') == 1 then
    health.ok('Neovim ' .. tostring(vim.version()))
  else
    health.error('Neovim 0.11 or newer is needed', { 'vim.lsp.config and vim.lsp.enable are new in it' })
  end
end

local function check_program()
  local config = vim.lsp.config.meshscope
  local command = config and config.cmd
  local program = type(command) == 'table' and command[1] or 'meshscope'
  if vim.fn.executable(program) == 0 then
    health.error(program .. ' cannot be run', {
      'put it on PATH, or name it: vim.lsp.config("meshscope", { cmd = { "/path/to/meshscope", "lsp" } })',
    })
    return
  end
  local said = vim.system({ program, '--version' }, { text = true }):wait(10000)
  if said.code == 0 then
    health.ok(vim.trim(said.stdout) .. ', ' .. vim.fn.exepath(program))
  else
    health.error(program .. ' --version fails: ' .. vim.trim(said.stderr or ''))
  end
end

local function check_clients()
  if vim.lsp.is_enabled and not vim.lsp.is_enabled('meshscope') then
    health.warn('the server is not enabled', { 'vim.lsp.enable("meshscope")' })
  end
  local clients = vim.lsp.get_clients({ name = 'meshscope' })
  if #clients == 0 then
    health.info('the server is not running: open a YAML file below a .git or meshscope.yaml')
  end
  for _, client in ipairs(clients) do
    local version = client.server_info and client.server_info.version or 'of unknown version'
    health.ok(('the server %s runs for %s'):format(version, client.root_dir or 'no folder'))
    health.info("it counts columns in " .. client.offset_encoding)
    local other = vim.tbl_get(client.settings or {}, 'meshscope', 'otherYamlServer')
    if other then
      health.info('another YAML server runs: findings and help about schemas are left to it')
    end
  end
end

function M.check()
  health.start('meshscope')
  check_editor()
  check_program()
  check_clients()
end

return M
