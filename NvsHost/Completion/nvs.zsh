#compdef nvs
# Completion of nvs for zsh. Once: source <(nvs completion zsh), behind compinit. For good: put that line into ~/.zshrc.
_nvs() {
    local line="${(j: :)words[1,CURRENT]}"
    local -a found
    found=("${(@f)$("${words[1]}" "[suggest:${#line}]" "$line" 2>/dev/null)}")
    # Options only where one has begun.
    [[ "${words[CURRENT]}" == -* ]] || found=("${(@)found:#-*}")
    found=("${(@)found:#}")
    # No word fits: it is a file's turn.
    (( ${#found} )) && compadd -a found || _files
}
compdef _nvs nvs
