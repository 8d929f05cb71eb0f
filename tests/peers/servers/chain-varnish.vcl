vcl 4.1;
{sites}
