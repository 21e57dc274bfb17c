;;; meshscope-test.el --- What a user of Emacs sees -*- lexical-binding: t -*-

;; Run by `run', in a copy of the bookshop in which a subset is misspelt.

;;; Code:

(require 'ert)
(require 'flymake)
(require 'meshscope)

;; Emacs has no mode for YAML without a grammar or a package.
(define-derived-mode yaml-mode fundamental-mode "YAML")

(defun meshscope-test--buffer ()
  "The file with the fault, with a server."
  (with-current-buffer (find-file-noselect "storefront/experiments.yaml")
    (unless (eglot-current-server)
      (yaml-mode)
      (let ((meshscope-program (getenv "MESHSCOPE_SERVER"))
            (eglot-sync-connect 60)
            (eglot-autoshutdown nil))
        (apply #'eglot (eglot--guess-contact))))
    (current-buffer)))

(defun meshscope-test--findings ()
  "The texts of what is shown, when something is."
  (let ((end (+ (float-time) 60)))
    (while (and (null (flymake-diagnostics)) (< (float-time) end))
      (accept-process-output nil 0.1)
      (flymake-start))
    (mapcar #'flymake-diagnostic-text (flymake-diagnostics))))

(ert-deftest meshscope-test-findings ()
  (with-current-buffer (meshscope-test--buffer)
    (should (seq-some (lambda (text) (string-match-p "\\[subset-unknown\\].*v22" text))
                      (meshscope-test--findings)))))

(ert-deftest meshscope-test-hover ()
  (with-current-buffer (meshscope-test--buffer)
    (goto-char (point-min))
    (search-forward "search.catalog")
    (let ((hover (jsonrpc-request (eglot-current-server) :textDocument/hover
                                  (eglot--TextDocumentPositionParams))))
      (should (string-match-p "Service catalog/search"
                              (plist-get (plist-get hover :contents) :value))))))

(defun meshscope-test--shown (name)
  "The text of the buffer NAME."
  (with-current-buffer (format "*meshscope %s*" name)
    (buffer-string)))

(ert-deftest meshscope-test-commands ()
  (with-current-buffer (meshscope-test--buffer)
    (goto-char (point-min))
    (search-forward "name: search-experiment")
    (meshscope-blast-radius)
    (should (string-prefix-p "VirtualService storefront/search-experiment in mesh default"
                             (meshscope-test--shown "blast radius")))
    (meshscope-trace "workload:payments/checkout" "https://api.cards.example/")
    (should (string-match-p "egress" (meshscope-test--shown "trace")))
    (meshscope-graph)
    (should (string-prefix-p "flowchart" (meshscope-test--shown "graph")))
    (eglot-shutdown (eglot-current-server))))

;;; meshscope-test.el ends here
