_wsprobe_completion() {
    local IFS=$'\n' completion type value
    COMPREPLY=()
    for completion in $(COMP_LINE="${COMP_LINE:0:COMP_POINT}" COMP_WORDBREAKS="$COMP_WORDBREAKS" _WSPROBE_COMPLETE=bash_complete "$1"); do
        type="${completion%%,*}"
        value="${completion#*,}"
        case "$type" in
            dir) compopt -o dirnames ;;
            file) compopt -o default ;;
            plain) COMPREPLY+=("$value") ;;
        esac
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *[=:] ]] && compopt -o nospace
}
complete -o nosort -F _wsprobe_completion wsprobe
