;;; meshscope.el --- Static analysis of Istio config -*- lexical-binding: t -*-

;; Version: 0.1.0
;; Package-Requires: ((emacs "29.1"))
;; Keywords: tools, languages
;; URL: https://github.com/meshscope/meshscope

;;; Commentary:

;; Eglot runs one server in a buffer, so meshscope takes the place of another YAML server there; its
;; findings and help about schemas are on for that reason.
;;
;;   (require 'meshscope)
;;   (add-hook 'yaml-ts-mode-hook #'eglot-ensure)

;;; Code:

(require 'eglot)

(defgroup meshscope nil
  "Static analysis of Istio config."
  :group 'tools)

(defcustom meshscope-program "meshscope"
  "The program."
  :type 'string)

(defun meshscope--contact (&optional _interactive)
  "How Eglot starts the server."
  (list meshscope-program "lsp"))

(add-to-list 'eglot-server-programs
             '((yaml-mode yaml-ts-mode) . meshscope--contact))

(defun meshscope--ask (command argument)
  "The answer of the server to COMMAND with ARGUMENT."
  (jsonrpc-request (eglot--current-server-or-lose)
                   :workspace/executeCommand
                   (list :command command :arguments (vector argument))))

(defun meshscope--here ()
  "The cursor as the server counts it."
  (list :uri (plist-get (eglot--TextDocumentIdentifier) :uri)
        :position (eglot--pos-to-lsp-position)))

(defun meshscope--show (name text)
  "Show TEXT in the buffer NAME."
  (with-current-buffer (get-buffer-create (format "*meshscope %s*" name))
    (let ((inhibit-read-only t))
      (erase-buffer)
      (insert text)
      (goto-char (point-min)))
    (special-mode)
    (display-buffer (current-buffer))))

(defun meshscope--reasons (reasons)
  "REASONS, one a line."
  (mapconcat (lambda (reason)
               (format "- %s %s: %s\n" (plist-get reason :resource)
                       (plist-get reason :path) (plist-get reason :why)))
             reasons ""))

(defun meshscope-trace (from url)
  "Show what happens to a call of URL by FROM, hop by hop."
  (interactive "sWho calls (workload:NAMESPACE/NAME): \nsWhat is called (URL): ")
  (let ((answer (meshscope--ask "meshscope.trace"
                                (list :uri (plist-get (meshscope--here) :uri)
                                      :from from :url url))))
    (meshscope--show
     "trace"
     (concat (plist-get answer :summary) "\n"
             (mapconcat (lambda (step)
                          (format "\n%s\n%s\n%s" (plist-get step :proxy)
                                  (plist-get step :title)
                                  (meshscope--reasons (plist-get step :because))))
                        (plist-get answer :steps) "")))))

(defun meshscope-blast-radius ()
  "Show whom a change of the object at the cursor reaches."
  (interactive)
  (let ((impacts (meshscope--ask "meshscope.blastRadius" (meshscope--here))))
    (meshscope--show
     "blast radius"
     (mapconcat (lambda (impact)
                  (format "%s in mesh %s\n%s\n%s\n" (plist-get impact :resource)
                          (plist-get impact :mesh) (plist-get impact :summary)
                          (mapconcat (lambda (proxy) (format "- %s\n" (plist-get proxy :proxy)))
                                     (plist-get impact :sees) "")))
                impacts ""))))

(defun meshscope-graph ()
  "Show the route graph as a Mermaid flowchart."
  (interactive)
  (meshscope--show "graph" (meshscope--ask "meshscope.routeGraph"
                                           (list :uri (plist-get (meshscope--here) :uri)
                                                 :format "mermaid"))))


(provide 'meshscope)
;;; meshscope.el ends here
