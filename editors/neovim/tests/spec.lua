-- What a user of the plugin sees, in a real Neovim. Run by `run`, in a copy of the bookshop in which a
-- subset is misspelt. Each test goes on where the one before stopped.

local FILE = 'storefront/experiments.yaml'
local HOST = 'search.catalog.svc.cluster.local'
local LONG = 60000

vim.opt.runtimepath:prepend(vim.env.MESHSCOPE_PLUGIN)
vim.lsp.config('meshscope', { cmd = { vim.env.MESHSCOPE_SERVER, 'lsp' } })
vim.lsp.enable('meshscope')

local notes = {}
vim.notify = function(text)
  table.insert(notes, text)
end

local function wait(what, holds)
  if not vim.wait(LONG, holds, 20) then
    error('waited in vain for ' .. what .. '\n' .. table.concat(notes, '\n'), 2)
  end
end

local function findings(code)
  return vim.tbl_filter(function(found)
    return found.code == code
  end, vim.diagnostic.get(0))
end

local function go_to(text, offset)
  vim.fn.cursor(1, 1)
  assert(vim.fn.search('\\V' .. text, 'cW') > 0, text .. ' is written')
  local at = vim.api.nvim_win_get_cursor(0)
  vim.api.nvim_win_set_cursor(0, { at[1], at[2] + (offset or 2) })
end

local function text_of(buffer)
  return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false), '\n')
end

-- The buffer that a command opens.
local function opened(name)
  local title = 'meshscope://' .. name
  local found
  wait(title, function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local buffer = vim.api.nvim_win_get_buf(window)
      if vim.endswith(vim.api.nvim_buf_get_name(buffer), title) then
        found = buffer
        return true
      end
    end
    return false
  end)
  return found
end

local tests = {}

tests[1] = { 'the server attaches, and its columns are those of other YAML servers', function()
  vim.cmd.edit(FILE)
  vim.bo.filetype = 'yaml'
  wait('a client', function()
    return #vim.lsp.get_clients({ name = 'meshscope', bufnr = 0 }) == 1
  end)
  local client = vim.lsp.get_clients({ name = 'meshscope' })[1]
  wait('its answer', function()
    return client.initialized
  end)
  assert(client.offset_encoding == 'utf-16', client.offset_encoding)
  assert(vim.fs.basename(client.root_dir) == 'bookshop', client.root_dir)
end }

tests[2] = { 'a finding is a diagnostic on the word that is wrong', function()
  wait('subset-unknown', function()
    return #findings('subset-unknown') == 1
  end)
  local found = findings('subset-unknown')[1]
  local line = vim.api.nvim_buf_get_lines(0, found.lnum, found.lnum + 1, false)[1]
  assert(line:sub(found.col + 1, found.end_col) == 'v22', line)
  assert(found.source == 'meshscope' and found.severity == vim.diagnostic.severity.ERROR)
end }

tests[3] = { 'other files have diagnostics without being opened', function()
  wait('a finding elsewhere', function()
    for _, found in ipairs(vim.diagnostic.get(nil)) do
      if found.bufnr ~= vim.api.nvim_get_current_buf() then
        return true
      end
    end
    return false
  end)
end }

tests[4] = { 'hover says what a host is', function()
  go_to(HOST)
  vim.lsp.buf.hover()
  wait('the hover', function()
    for _, window in ipairs(vim.api.nvim_list_wins()) do
      local text = text_of(vim.api.nvim_win_get_buf(window))
      if vim.api.nvim_win_get_config(window).relative ~= '' and text:find('Service catalog/search', 1, true) then
        vim.api.nvim_win_close(window, true)
        return true
      end
    end
    return false
  end)
end }

tests[5] = { 'a definition opens the file it is in', function()
  local buffer = vim.api.nvim_get_current_buf()
  go_to(HOST)
  local at = vim.lsp.util.make_position_params(0, 'utf-16')
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/definition', at, LONG)
  local links = {}
  for _, answer in pairs(answers) do
    vim.list_extend(links, answer.result or {})
  end
  assert(#links > 0, vim.inspect(answers))
  vim.lsp.util.show_document(links[1], 'utf-16', { focus = true })
  assert(vim.api.nvim_buf_get_name(0):find('catalog/search.yaml', 1, true), vim.api.nvim_buf_get_name(0))
  vim.api.nvim_set_current_buf(buffer)
end }

tests[6] = { 'a code action repairs the file, and the finding goes', function()
  go_to('v22', 1)
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.title:find('use subset v2', 1, true) ~= nil
    end,
  })
  wait('the repair', function()
    return text_of():find('subset: v2\n', 1, true) ~= nil
  end)
  wait('the finding to go', function()
    return #findings('subset-unknown') == 0
  end)
end }

tests[7] = { 'typing shows and clears findings', function()
  go_to('subset: v2', 9)
  vim.cmd('normal! a3')
  wait('the finding', function()
    return #findings('subset-unknown') == 1
  end)
  vim.cmd('normal! x')
  wait('the finding to go', function()
    return #findings('subset-unknown') == 0
  end)
end }

tests[8] = { 'lenses and hints have texts', function()
  local document = { textDocument = vim.lsp.util.make_text_document_params(0) }
  local answers = vim.lsp.buf_request_sync(0, 'textDocument/codeLens', document, LONG)
  local count = 0
  for _, answer in pairs(answers) do
    count = count + #(answer.result or {})
  end
  assert(count > 0, vim.inspect(answers))
  vim.lsp.inlay_hint.enable(true, { bufnr = 0 })
  assert(vim.lsp.inlay_hint.is_enabled({ bufnr = 0 }))
end }

tests[9] = { 'the commands show their answers', function()
  local window = vim.api.nvim_get_current_win()
  vim.cmd('Meshscope trace workload:payments/checkout https://api.cards.example/')
  assert(text_of(opened('trace')):find('gateway:istio-system/egress', 1, true))
  vim.cmd('close')
  vim.api.nvim_set_current_win(window)
  vim.cmd('Meshscope blast-radius VirtualService catalog/search')
  assert(text_of(opened('blast-radius')):find('# VirtualService catalog/search', 1, true))
  vim.cmd('close')
  vim.api.nvim_set_current_win(window)
  vim.cmd('Meshscope graph')
  assert(text_of(opened('graph')):find('flowchart', 1, true))
  vim.cmd('close')
  vim.api.nvim_set_current_win(window)
  vim.cmd('Meshscope explain subset-unknown')
  assert(text_of(opened('subset-unknown')):find('# subset-unknown', 1, true))
  vim.cmd('close')
  vim.api.nvim_set_current_win(window)
  vim.cmd('Meshscope explain no-such-rule')
  wait('the refusal', function()
    return vim.tbl_contains(notes, 'meshscope: there is no rule no-such-rule')
  end)
end }

tests[10] = { 'a line of an answer leads to what it speaks of', function()
  vim.cmd('Meshscope trace workload:payments/checkout https://api.cards.example/')
  local buffer = opened('trace')
  for number, line in ipairs(vim.api.nvim_buf_get_lines(buffer, 0, -1, false)) do
    if line:find('card-processor.yaml', 1, true) then
      vim.api.nvim_win_set_cursor(0, { number, 0 })
      break
    end
  end
  vim.api.nvim_feedkeys(vim.keycode('<cr>'), 'x', false)
  assert(vim.api.nvim_buf_get_name(0):find('payments/card-processor.yaml', 1, true))
end }

tests[11] = { 'another YAML server is noticed', function()
  local client = require('meshscope').client()
  local other = function()
    return client.settings.meshscope.otherYamlServer
  end
  assert(not other())
  local server = {
    request = function(method, _, callback)
      callback(nil, method == 'initialize' and { capabilities = {} } or vim.NIL)
      return true, 1
    end,
    notify = function()
      return true
    end,
    is_closing = function()
      return false
    end,
    terminate = function() end,
  }
  vim.lsp.start({
    name = 'yamlls',
    cmd = function()
      return server
    end,
  })
  wait('the server to be told', other)
end }

tests[12] = { 'the health check finds nothing wrong', function()
  vim.cmd('checkhealth meshscope')
  local text = text_of()
  assert(text:find('the server 0.1.0 runs for', 1, true), text)
  assert(not text:find('ERROR', 1, true), text)
end }

tests[13] = { 'the help is there', function()
  vim.cmd('helptags ' .. vim.env.MESHSCOPE_PLUGIN .. '/doc')
  vim.cmd('help :Meshscope')
  assert(vim.bo.filetype == 'help')
  vim.fn.delete(vim.env.MESHSCOPE_PLUGIN .. '/doc/tags')
end }

local failed = 0
for number, test in ipairs(tests) do
  local ok, err = xpcall(test[2], debug.traceback)
  io.write(('%s %d %s\n'):format(ok and 'ok' or 'FAILED', number, test[1]))
  if not ok then
    failed = failed + 1
    io.write(err, '\n')
  end
end
io.write(('%d of %d\n'):format(#tests - failed, #tests))
for _, client in ipairs(vim.lsp.get_clients({ name = 'meshscope' })) do
  client:stop()
end
os.exit(failed == 0 and 0 or 1)
