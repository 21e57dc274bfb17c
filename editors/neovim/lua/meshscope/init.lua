-- Commands of meshscope, and what the server must know of this editor.
--
-- Owns asking the server's commands and showing their answers in scratch buffers. It must not know how
-- anything is computed.

local M = {}

local NAME = 'meshscope'

---@return vim.lsp.Client?
function M.client(buffer)
  local here = vim.lsp.get_clients({ name = NAME, bufnr = buffer or 0 })
  return here[1] or vim.lsp.get_clients({ name = NAME })[1]
end

-- Names of servers that know the schemas of Kubernetes objects.
local YAML_SERVERS = { yamlls = true, ['yaml-language-server'] = true, helm_ls = true }

-- Tells the server whether another one looks at the shape of YAML here: then it does not say the same.
local function tell_of_yaml_servers(client)
  local other = false
  for _, running in ipairs(vim.lsp.get_clients()) do
    other = other or YAML_SERVERS[running.name] or false
  end
  local settings = client.settings or {}
  settings.meshscope = settings.meshscope or {}
  if settings.meshscope.otherYamlServer ~= other then
    settings.meshscope.otherYamlServer = other
    client.settings = settings
    client:notify('workspace/didChangeConfiguration', { settings = settings })
  end
end

local group = vim.api.nvim_create_augroup('meshscope', { clear = false })
local watching = false

local function watch_yaml_servers()
  if watching then
    return
  end
  watching = true
  vim.api.nvim_create_autocmd({ 'LspAttach', 'LspDetach' }, {
    group = group,
    callback = function()
      -- A server that detaches is in the list until the event is over.
      vim.schedule(function()
        for _, client in ipairs(vim.lsp.get_clients({ name = NAME })) do
          tell_of_yaml_servers(client)
        end
      end)
    end,
  })
end

-- Runs a command of the server; `show` gets its answer.
local function ask(command, argument, show)
  local client = M.client()
  if not client then
    vim.notify('meshscope: the server is not running here', vim.log.levels.WARN)
    return
  end
  local params = { command = command, arguments = { argument } }
  client:request('workspace/executeCommand', params, function(err, answer)
    if err then
      vim.notify('meshscope: ' .. err.message, vim.log.levels.ERROR)
    else
      show(answer)
    end
  end)
end

-- The cursor as the server counts.
local function cursor()
  local client = M.client()
  local encoding = client and client.offset_encoding or 'utf-16'
  local params = vim.lsp.util.make_position_params(0, encoding)
  return { uri = params.textDocument.uri, position = params.position }
end

-- Shows lines in a buffer of their own; `places` leads lines to where something is written.
local function show_lines(title, filetype, lines, places)
  local buffer = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  vim.bo[buffer].filetype = filetype
  vim.bo[buffer].bufhidden = 'wipe'
  vim.bo[buffer].modifiable = false
  pcall(vim.api.nvim_buf_set_name, buffer, 'meshscope://' .. title)
  vim.cmd('botright split')
  vim.api.nvim_win_set_buf(0, buffer)
  vim.keymap.set('n', 'q', '<cmd>close<cr>', { buffer = buffer, desc = 'Close' })
  vim.keymap.set('n', '<cr>', function()
    local place = (places or {})[vim.api.nvim_win_get_cursor(0)[1]]
    if place then
      vim.cmd('wincmd p')
      vim.lsp.util.show_document(place, 'utf-16', { focus = true })
    end
  end, { buffer = buffer, desc = 'Go to what is written' })
  return buffer
end

-- Lines with the places they speak of.
local Page = {}
Page.__index = Page

local function page()
  return setmetatable({ lines = {}, places = {} }, Page)
end

function Page:add(text, place)
  for line in (text .. '\n'):gmatch('(.-)\n') do
    table.insert(self.lines, line)
    self.places[#self.lines] = place
  end
end

function Page:reasons(reasons, indent)
  for _, reason in ipairs(reasons or {}) do
    local at = reason.path ~= '' and (' ' .. reason.path) or ''
    local place = reason.location
    local where = ''
    if place then
      local file = vim.fn.fnamemodify(vim.uri_to_fname(place.uri), ':.')
      where = (' (%s:%d)'):format(file, place.range.start.line + 1)
    end
    self:add(('%s- %s%s: %s%s'):format(indent, reason.resource, at, reason.why, where), place)
  end
end

---Traces a call. Asks for what is not given.
---@param from string?
---@param url string?
function M.trace(from, url)
  local at = cursor()
  if from and url then
    ask('meshscope.trace', { uri = at.uri, from = from, url = url }, function(answer)
      local shown = page()
      shown:add('# ' .. url .. ' from ' .. from)
      shown:add(answer.summary)
      for number, step in ipairs(answer.steps) do
        shown:add('')
        shown:add(('## %d. %s'):format(number, step.proxy))
        shown:add(step.title)
        shown:reasons(step.because, '')
      end
      if #answer.because > 0 then
        shown:add('')
        shown:add('## Decided by')
        shown:reasons(answer.because, '')
      end
      show_lines('trace', 'markdown', shown.lines, shown.places)
    end)
    return
  end
  ask('meshscope.callers', at, function(callers)
    local who = vim.tbl_map(function(caller)
      return caller.who
    end, callers)
    vim.ui.select(who, { prompt = 'Who calls' }, function(chosen, index)
      if not chosen then
        return
      end
      local calls = callers[index].calls
      vim.ui.input({ prompt = 'What is called: ', default = url or calls[1] }, function(typed)
        if typed and typed ~= '' then
          M.trace(chosen, typed)
        end
      end)
    end)
  end)
end

local function show_impact(impacts)
  local shown = page()
  for _, impact in ipairs(impacts) do
    shown:add('# ' .. impact.resource .. ' in mesh ' .. impact.mesh)
    shown:add(impact.summary)
    local parts = {
      { 'Sees it', impact.sees },
      { 'Is pushed', impact.pushed },
      { 'Changes its behaviour', impact.changesBehaviour },
    }
    for _, part in ipairs(parts) do
      shown:add('')
      shown:add(('## %s: %d'):format(part[1], #part[2]))
      for _, proxy in ipairs(part[2]) do
        shown:add('- ' .. proxy.proxy)
        shown:reasons(proxy.because, '  ')
      end
    end
    shown:add('')
    shown:add(('## Freezes if refused: %d'):format(#impact.freezes))
    for _, part in ipairs(impact.freezes) do
      shown:add(('- %s of %s: %s'):format(part.kind, part.proxy, part.name))
    end
    shown:add('')
  end
  show_lines('blast-radius', 'markdown', shown.lines, shown.places)
end

---Shows whom a change of an object reaches: one that is named, or the one at the cursor.
---@param resource string?
function M.blast_radius(resource)
  local at = cursor()
  local argument = resource and { uri = at.uri, resource = resource } or at
  ask('meshscope.blastRadius', argument, function(answer)
    local impacts = answer.resource and { answer } or answer
    if #impacts == 0 then
      vim.notify('meshscope: there is no object of a mesh at the cursor', vim.log.levels.INFO)
    else
      show_impact(impacts)
    end
  end)
end

---Shows the route graph as text, or opens it in a browser.
---@param format string? `mermaid`, `dot`, `json` or `html`
function M.graph(format)
  format = format or 'mermaid'
  ask('meshscope.routeGraph', { uri = cursor().uri, format = format }, function(answer)
    if format == 'html' then
      local file = vim.fn.tempname() .. '.html'
      vim.fn.writefile(vim.split(answer, '\n'), file)
      vim.ui.open(file)
      return
    end
    local text = type(answer) == 'string' and answer or vim.json.encode(answer)
    show_lines('graph', format, vim.split(text, '\n'))
  end)
end

---Shows the page of a rule: one that is named, or that of the finding at the cursor.
---@param rule string?
function M.explain(rule)
  if not rule then
    local line = vim.api.nvim_win_get_cursor(0)[1] - 1
    for _, found in ipairs(vim.diagnostic.get(0, { lnum = line })) do
      if found.source == NAME then
        rule = rule or found.code
      end
    end
  end
  if not rule then
    vim.notify('meshscope: there is no finding in this line', vim.log.levels.INFO)
    return
  end
  ask('meshscope.explain', { rule = rule }, function(answer)
    show_lines(rule, 'markdown', vim.split(answer.page, '\n'))
  end)
end

local ACTIONS = {
  trace = function(words)
    M.trace(words[1], words[2])
  end,
  ['blast-radius'] = function(words)
    M.blast_radius(#words > 0 and table.concat(words, ' ') or nil)
  end,
  graph = function(words)
    M.graph(words[1])
  end,
  explain = function(words)
    M.explain(words[1])
  end,
}

local function complete(_, line)
  local words = vim.split(line, '%s+')
  if #words == 2 then
    local names = vim.tbl_keys(ACTIONS)
    table.sort(names)
    return vim.tbl_filter(function(name)
      return vim.startswith(name, words[2])
    end, names)
  end
  if words[2] == 'graph' then
    return { 'mermaid', 'dot', 'json', 'html' }
  end
  return {}
end

---Defines :Meshscope in a buffer, and says what lenses do here.
function M.attach(client, buffer)
  watch_yaml_servers()
  tell_of_yaml_servers(client)
  vim.api.nvim_buf_create_user_command(buffer, 'Meshscope', function(command)
    local words = vim.deepcopy(command.fargs)
    local action = ACTIONS[table.remove(words, 1)]
    if action then
      action(words)
    else
      vim.notify('meshscope: ' .. table.concat(vim.tbl_keys(ACTIONS), ', '), vim.log.levels.ERROR)
    end
  end, { nargs = '+', complete = complete, desc = 'Ask meshscope' })
end

-- What a click on a lens asks for.
local function lens(show)
  return function(command)
    show((command.arguments or {})[1] or {})
  end
end

vim.lsp.commands['meshscope.blastRadius'] = lens(function(argument)
  M.blast_radius(argument.resource)
end)
vim.lsp.commands['meshscope.routeGraph'] = lens(function()
  M.graph()
end)
vim.lsp.commands['meshscope.references'] = lens(function(argument)
  ask('meshscope.references', argument, function(places)
    local client = M.client()
    local encoding = client and client.offset_encoding or 'utf-16'
    vim.fn.setqflist({}, ' ', {
      title = 'References',
      items = vim.lsp.util.locations_to_items(places, encoding),
    })
    vim.cmd('botright copen')
  end)
end)

return M
